#!/bin/sh
# A bucket, a file and a small machine with the stock AWS command line.
#
# Run `volano up`, paste the AWS_* variables that it prints into your shell, then:
#
#     pip install awscli
#     sh examples/aws_cli.sh
set -eu

bucket="cli-$(aws sts get-caller-identity --query Account --output text)"
aws s3 ls "s3://$bucket" >/dev/null 2>&1 || aws s3 mb "s3://$bucket"
date | aws s3 cp - "s3://$bucket/now.txt"
aws s3 ls "s3://$bucket"
aws s3 cp "s3://$bucket/now.txt" -

image=$(aws ec2 describe-images --owners amazon --query 'Images[0].ImageId' --output text)
id=$(aws ec2 run-instances --image-id "$image" --instance-type u1.small --count 1 \
  --user-data '#!/bin/sh
echo "hello from $(hostname)"' --query 'Instances[0].InstanceId' --output text)
aws ec2 wait instance-running --instance-ids "$id"
aws ec2 describe-instances --instance-ids "$id" --output table \
  --query 'Reservations[].Instances[].[InstanceId,InstanceType,State.Name,Placement.AvailabilityZone]'
aws ec2 get-console-output --instance-id "$id" --query Output --output text
aws ec2 terminate-instances --instance-ids "$id" --output text
