import { crc32c } from "./crc32c.js";
import type { Scalars } from "./scalars.js";

/*
 * TensorBoard's event files: TFRecords, each an Event in protocol buffers' encoding. Written by hand, as a scalar needs
 * no more than six fields. Field numbers are those of tensorboard/compat/proto/event.proto and summary.proto; a field
 * starts with its number and its wire type as (number << 3) | type.
 */
const EVENT = { wallTime: 0x09, step: 0x10, fileVersion: 0x1a, summary: 0x2a, sessionLog: 0x3a };
const SUMMARY = { value: 0x0a };
const VALUE = { tag: 0x0a, simpleValue: 0x15 };
const SESSION_LOG = { status: 0x08 };
const SESSION_STARTS = 1;

/** Base 128, the lowest digits first, the highest bit set where more follow. */
function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push(rest % 128 + 128);
  return Buffer.from([...bytes, rest]);
}

function lengthAndBytes(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([field]), varint(bytes.length), bytes]);
}

function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(9, field);
  bytes.writeDoubleLE(value, 1);
  return bytes;
}

function float(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(5, field);
  bytes.writeFloatLE(value, 1);
  return bytes;
}

function integer(field: number, value: number): Buffer {
  return Buffer.concat([Buffer.from([field]), varint(value)]);
}

/** A CRC over bytes that hold CRCs themselves says little, so TFRecord rotates it and adds a constant. */
function maskedCrc(bytes: Uint8Array): Buffer {
  const crc = crc32c(bytes);
  const masked = Buffer.alloc(4);
  masked.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return masked;
}

/** Length (64 bits), its CRC, the bytes, their CRC; all with the lowest byte first. */
function tfRecord(bytes: Uint8Array): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([length, maskedCrc(length), bytes, maskedCrc(bytes)]);
}

/** What every event file begins with. @param time seconds since 1970 */
export function versionRecord(time: number): Buffer {
  const version = lengthAndBytes(EVENT.fileVersion, Buffer.from("brain.Event:2"));
  return tfRecord(Buffer.concat([double(EVENT.wallTime, time), version]));
}

/** A training begins or goes on with this step: what earlier files say of it and of later ones does not hold. */
export function startRecord(time: number, step: number): Buffer {
  const session = lengthAndBytes(EVENT.sessionLog, integer(SESSION_LOG.status, SESSION_STARTS));
  return tfRecord(Buffer.concat([double(EVENT.wallTime, time), integer(EVENT.step, step), session]));
}

/** Numbers of one step; kept as float32. */
export function scalarsRecord(time: number, step: number, scalars: Scalars): Buffer {
  const values = Object.entries(scalars).map(([tag, value]) => lengthAndBytes(SUMMARY.value, Buffer.concat([
    lengthAndBytes(VALUE.tag, Buffer.from(tag)), float(VALUE.simpleValue, value),
  ])));
  const summary = lengthAndBytes(EVENT.summary, Buffer.concat(values));
  return tfRecord(Buffer.concat([double(EVENT.wallTime, time), integer(EVENT.step, step), summary]));
}
