// The AWS SDK for JavaScript: streams, parts, versions, conditions, links, queues and topics.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import * as s3kit from "@aws-sdk/client-s3";
import { PublishCommand, CreateTopicCommand, SNSClient } from "@aws-sdk/client-sns";
import * as sqskit from "@aws-sdk/client-sqs";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { Upload } from "@aws-sdk/lib-storage";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";

const bucket = process.argv[2];
const s3 = new s3kit.S3Client({ forcePathStyle: true });
const send = (name, input) => s3.send(new s3kit[`${name}Command`]({ Bucket: bucket, ...input }));

const big = randomBytes(12 * 1024 * 1024);
const params = { Bucket: bucket, Key: "big", Body: Readable.from([big.subarray(0, 7e6), big.subarray(7e6)]) };
await new Upload({ client: s3, params, partSize: 5 * 1024 * 1024, queueSize: 3 }).done();
const read = await send("GetObject", { Key: "big", ChecksumMode: "ENABLED" });
assert.deepEqual(Buffer.from(await read.Body.transformToByteArray()), big);
const part = await send("GetObject", { Key: "big", Range: "bytes=-4" });
assert.deepEqual(Buffer.from(await part.Body.transformToByteArray()), big.subarray(-4));
assert.equal(part.ContentRange, `bytes ${big.length - 4}-${big.length - 1}/${big.length}`);

await send("PutBucketVersioning", { VersioningConfiguration: { Status: "Enabled" } });
const first = await send("PutObject", { Key: "größe +&.txt", Body: "1", ChecksumAlgorithm: "SHA256" });
await send("PutObject", { Key: "größe +&.txt", Body: Readable.from(["22"]), ContentLength: 2 });
const old = await send("GetObject", { Key: "größe +&.txt", VersionId: first.VersionId });
assert.equal(await old.Body.transformToString(), "1");
const versions = await send("ListObjectVersions", { Prefix: "größe" });
assert.deepEqual(versions.Versions.map((one) => one.IsLatest), [true, false]);
await assert.rejects(send("PutObject", { Key: "big", Body: "x", IfNoneMatch: "*" }), {
  name: "PreconditionFailed",
});
await assert.rejects(send("GetObject", { Key: "never" }), s3kit.NoSuchKey);
await send("CopyObject", { Key: "copy", CopySource: `${bucket}/${encodeURIComponent("größe +&.txt")}` });

const link = await getSignedUrl(s3, new s3kit.PutObjectCommand({ Bucket: bucket, Key: "linked" }));
const put = await fetch(link, { method: "PUT", body: "by link" });
assert.equal(put.status, 200, await put.text());
const get = await getSignedUrl(s3, new s3kit.GetObjectCommand({ Bucket: bucket, Key: "linked" }));
assert.equal(await (await fetch(get)).text(), "by link");

let keys = [];
for await (const page of s3kit.paginateListObjectsV2({ client: s3, pageSize: 1 }, { Bucket: bucket })) {
  keys = keys.concat(page.Contents.map((one) => one.Key));
}
assert.deepEqual(keys, ["big", "copy", "größe +&.txt", "linked"]);
const all = await send("ListObjectVersions", {});
const Objects = all.Versions.map(({ Key, VersionId }) => ({ Key, VersionId }));
assert.equal((await send("DeleteObjects", { Delete: { Objects } })).Errors, undefined);

const sqs = new sqskit.SQSClient({});
const { QueueUrl } = await sqs.send(new sqskit.CreateQueueCommand({ QueueName: bucket }));
const Entries = ["a", "b"].map((MessageBody) => ({ Id: MessageBody, MessageBody }));
await sqs.send(new sqskit.SendMessageBatchCommand({ QueueUrl, Entries }));
const got = await sqs.send(
  new sqskit.ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 5 }),
);
assert.deepEqual(got.Messages.map((one) => one.Body).sort(), ["a", "b"]);
const sns = new SNSClient({});
const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: bucket }));
assert.ok((await sns.send(new PublishCommand({ TopicArn, Message: "hello" }))).MessageId);
const me = await new STSClient({}).send(new GetCallerIdentityCommand({}));
assert.match(me.Arn, /^arn:aws:iam::\d{12}:/);
