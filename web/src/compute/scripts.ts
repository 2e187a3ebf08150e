// Example user data: scripts that run once, at an instance's first start.

import type { TextKey } from '../i18n/text';

export const EXAMPLES: { name: TextKey; about: TextKey; script: string }[] = [
  {
    name: 'scriptHello',
    about: 'scriptHelloAbout',
    script: `#!/bin/sh
echo "Hello from $(hostname), $(nproc) CPU, $(date)"
`,
  },
  {
    name: 'scriptWho',
    about: 'scriptWhoAbout',
    script: `#!/bin/sh
IMDS=http://169.254.169.254
TOKEN=$(curl -sX PUT "$IMDS/latest/api/token" -H "X-aws-ec2-metadata-token-ttl-seconds: 300")
for item in instance-id instance-type placement/availability-zone local-ipv4; do
  echo "$item: $(curl -s -H "X-aws-ec2-metadata-token: $TOKEN" "$IMDS/latest/meta-data/$item")"
done
`,
  },
  {
    name: 'scriptWeb',
    about: 'scriptWebAbout',
    script: `#!/bin/sh
mkdir -p /srv/www && cd /srv/www
echo "<h1>Served by $(hostname)</h1>" > index.html
echo "listening on port 8000"
exec python3 -m http.server 8000
`,
  },
];
