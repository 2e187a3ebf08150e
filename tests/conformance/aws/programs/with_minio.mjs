// minio-js: streams, parts, listing, links and removals.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import { Client } from "minio";

const bucket = process.argv[2];
const endpoint = new URL(process.env.AWS_ENDPOINT_URL);
const minio = new Client({
  endPoint: endpoint.hostname,
  port: Number(endpoint.port),
  useSSL: false,
  accessKey: process.env.AWS_ACCESS_KEY_ID,
  secretKey: process.env.AWS_SECRET_ACCESS_KEY,
  region: process.env.AWS_DEFAULT_REGION,
  partSize: 5 * 1024 * 1024,
});
const all = async (stream) => {
  const found = [];
  for await (const one of stream) found.push(one);
  return found;
};

const big = randomBytes(12 * 1024 * 1024);
await minio.putObject(bucket, "deep/big", Readable.from([big]), undefined, { "X-Amz-Meta-Colour": "blue" });
assert.equal((await minio.statObject(bucket, "deep/big")).metaData.colour, "blue");
assert.deepEqual(Buffer.concat(await all(await minio.getObject(bucket, "deep/big"))), big);
const middle = await all(await minio.getPartialObject(bucket, "deep/big", 6_000_000, 100));
assert.deepEqual(Buffer.concat(middle), big.subarray(6_000_000, 6_000_100));
await minio.putObject(bucket, "größe +&.txt", "text");
await minio.copyObject(bucket, "copy", `/${bucket}/deep/big`);
const names = (await all(minio.listObjectsV2(bucket, "", true))).map((one) => one.name);
assert.deepEqual(names, ["copy", "deep/big", "größe +&.txt"]);
const top = await all(minio.listObjects(bucket, "", false));
assert.deepEqual(top.map((one) => one.prefix ?? one.name).sort(), ["copy", "deep/", "größe +&.txt"]);
await minio.setObjectTagging(bucket, "copy", { team: "data" });
assert.deepEqual(await minio.getObjectTagging(bucket, "copy"), [{ Key: "team", Value: "data" }]);
const link = await minio.presignedGetObject(bucket, "größe +&.txt", 60);
assert.equal(await (await fetch(link)).text(), "text");
const form = minio.newPostPolicy();
form.setBucket(bucket);
form.setKey("posted");
form.setExpires(new Date(Date.now() + 60_000));
const { postURL, formData } = await minio.presignedPostPolicy(form);
const body = new FormData();
for (const [name, value] of Object.entries(formData)) body.append(name, value);
body.append("file", new Blob(["by form"]));
assert.equal((await fetch(postURL, { method: "POST", body })).status, 204);
assert.equal(Buffer.concat(await all(await minio.getObject(bucket, "posted"))).toString(), "by form");
await assert.rejects(minio.getObject(bucket, "never"), { code: "NoSuchKey" });
await minio.removeObjects(bucket, [...names, "posted"]);
assert.deepEqual(await all(minio.listObjectsV2(bucket, "", true)), []);
