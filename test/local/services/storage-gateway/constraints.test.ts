import * as client from '@aws-sdk/client-storage-gateway';
import type { Constraint, Constraints } from '../../../../local/services/constraints';
import { CONSTRAINTS } from '../../../../local/services/storage-gateway/constraints';
import { requiredMembers, inputOf, type OperationSchema } from '../../../../local/services/wire/protocol';
import { Bench, REGION } from '../bench';
import { callStorageGateway } from '../plain-http';

const ARN = `arn:aws:storagegateway:${REGION}:000000000000:gateway/sgw-12A3456B`;
const VOLUME = `${ARN}/volume/vol-0123456789ABCDEF0`;
const tag = (Key: string, Value: string) => [{ Key, Value }];
const ofLength = (length: number) => 'x'.repeat(length);

/** For each member with a constraint: values that are just right, and values that are just wrong. */
const SAMPLES: Record<string, { accepted: unknown[]; refused: unknown[] }> = {
  ActivationKey: { accepted: ['K', ofLength(50)], refused: ['', ofLength(51)] },
  AverageDownloadRateLimitInBitsPerSec: { accepted: [102400], refused: [102399, 0] },
  AverageUploadRateLimitInBitsPerSec: { accepted: [51200], refused: [51199, -1] },
  BandwidthType: { accepted: ['ALL', 'Upload'], refused: ['UP', ofLength(26)] },
  ClientToken: { accepted: ['token', ofLength(100)], refused: ['four', ofLength(101)] },
  CloudWatchLogGroupARN: { accepted: ['', ofLength(562)], refused: [ofLength(563)] },
  DayOfMonth: { accepted: [1, 28], refused: [0, 29] },
  DayOfWeek: { accepted: [0, 6], refused: [-1, 7] },
  Description: { accepted: ['d', ofLength(255)], refused: ['', ofLength(256)] },
  DiskId: { accepted: ['/dev/xvdb', ofLength(300)], refused: ['', ofLength(301)] },
  DiskIds: { accepted: [['/dev/xvdb'], [ofLength(300)]], refused: [[''], ['/dev/xvdb', ofLength(301)]] },
  GatewayARN: { accepted: [ARN, ARN + ofLength(500 - ARN.length)], refused: ['arn:aws:storagegateway', ARN + ofLength(501 - ARN.length)] },
  GatewayCapacity: { accepted: ['Small', 'Large'], refused: ['small', 'Huge'] },
  GatewayName: { accepted: ['ab', 'a gateway', ofLength(255)], refused: ['a', '  ', 'a/b', 'a\\b', 'ä-gateway', ofLength(256)] },
  GatewayRegion: { accepted: [REGION], refused: ['', ofLength(26)] },
  GatewayTimezone: { accepted: ['GMT', 'GMT-10:00'], refused: ['GM', 'GMT-10:0000'] },
  GatewayType: { accepted: ['CACHED'], refused: ['C', ofLength(21)] },
  HourOfDay: { accepted: [0, 23], refused: [-1, 24] },
  KMSKey: {
    accepted: ['alias/volumes', 'arn:aws:kms:eu-west-1:000000000000:key/12345678-1234-1234-1234-123456789012'],
    refused: ['12345678-1234-1234-1234-123456789012', 'alias/', 'arn:aws:s3:::b'],
  },
  Limit: { accepted: [1, 1000], refused: [0, -1] },
  LocalConsolePassword: { accepted: ['secret', ofLength(512)], refused: ['short', 'sécret', ofLength(513)] },
  Marker: { accepted: ['bQ==', ofLength(2000)], refused: ['', ofLength(2001)] },
  MediumChangerType: { accepted: ['STK-L700'], refused: ['S', ofLength(51)] },
  MinuteOfHour: { accepted: [0, 59], refused: [-1, 60] },
  RecurrenceInHours: { accepted: [1, 24], refused: [0, 25] },
  ResourceARN: { accepted: [ARN], refused: ['arn', ARN + ofLength(501 - ARN.length)] },
  SnapshotDescription: { accepted: ['d', ofLength(255)], refused: ['', ofLength(256)] },
  SnapshotId: { accepted: ['snap-0123abcd', 'snap-0123456789ABCDEF0'], refused: ['snap-1', 'snap-0123456789abcdefg', 'vol-0123abcd'] },
  SoftwareUpdatePreferences: { accepted: [{ AutomaticUpdatePolicy: 'ALL_VERSIONS' }], refused: [{ AutomaticUpdatePolicy: 'NONE' }] },
  SourceVolumeARN: { accepted: [VOLUME], refused: [ARN, 'vol-1'] },
  StartAt: { accepted: [0, 23], refused: [-1, 24] },
  TagKeys: { accepted: [['k', 'with space', 'a:b/c=d+e-f@g_h.i']], refused: [[''], [ofLength(129)], ['percent%']] },
  Tags: { accepted: [tag('k', ''), tag(ofLength(128), ofLength(256))], refused: [tag('', 'v'), tag(ofLength(129), 'v'), tag('k', ofLength(257)), tag('a#b', 'v')] },
  TapeDriveType: { accepted: ['IBM-ULT3580-TD5'], refused: ['I', ofLength(51)] },
  TargetName: { accepted: ['a', 'db-data.1;2', ofLength(200)], refused: ['', 'Upper', 'under_score', ofLength(201)] },
  VolumeARN: { accepted: [VOLUME], refused: [ARN, `${VOLUME.replace('volume', 'tape')}-too-long-to-be-too-short`, 'vol-1'] },
  VolumeARNs: { accepted: [[VOLUME]], refused: [[ARN], [VOLUME, 'vol-1']] },
};

/** Members that are required but have no constraint. */
const OTHERS: Record<string, unknown> = { NetworkInterfaceId: '127.0.0.1', PreserveExistingData: false, VolumeSizeInBytes: 1024 ** 3 };

const schemas = client as unknown as Record<string, OperationSchema>;
const operations = Object.entries(CONSTRAINTS) as [string, Constraints][];
const schemaOf = (operation: string) => schemas[`${operation}$`];
const required = (operation: string) => requiredMembers(inputOf(schemaOf(operation)));
const sample = (member: string) => SAMPLES[member]?.accepted[0] ?? OTHERS[member];

/** An input with nothing but what is required. */
const least = (operation: string) => Object.fromEntries(required(operation).map((member) => [member, sample(member)]));

let bench: Bench;

beforeAll(async () => {
  bench = await Bench.start();
});
afterAll(() => bench.stop());

const call = (operation: string, input: unknown) => callStorageGateway(bench.services.endpoint, operation, input);

test('every constraint has samples', () => {
  const members = new Set(operations.flatMap(([, constraints]) => Object.keys(constraints)));

  expect([...members].sort()).toEqual(Object.keys(SAMPLES).sort());
  expect(operations.filter(([operation]) => schemaOf(operation) === undefined)).toEqual([]);
});

describe.each(operations)('%s', (operation, constraints) => {
  const cases = Object.keys(constraints).map((member) => [member, SAMPLES[member]] as const);

  if (cases.length > 0) {
    test.each(cases)('keeps the constraint of %s', async (member, { accepted, refused }) => {
      for (const value of accepted) {
        const { body } = await call(operation, { ...least(operation), [member]: value });
        expect([member, value, body.__type]).not.toEqual([member, value, 'ValidationException']);
      }
      for (const value of refused) {
        const { status, body } = await call(operation, { ...least(operation), [member]: value });
        expect({ value, status, type: body.__type }).toEqual({ value, status: 400, type: 'ValidationException' });
        expect(body.message).toMatch(/^\d validation errors? detected: Value /);
      }
    });
  }

  const missing = required(operation);
  if (missing.length > 0) {
    test.each(missing)('requires %s', async (member) => {
      const { [member]: _, ...rest } = least(operation);
      const { status, body } = await call(operation, rest);

      expect({ status, type: body.__type }).toEqual({ status: 400, type: 'ValidationException' });
      expect(body.message).toMatch(/Value null at '[a-zA-Z]+' failed to satisfy constraint: Member must not be null/);
    });

    test('refuses a value of the wrong type', async () => {
      const [member] = missing;
      const wrong = Array.isArray(sample(member)) ? 'text' : ['list'];
      const { status, body } = await call(operation, { ...least(operation), [member]: wrong });

      expect({ status, type: body.__type }).toEqual({ status: 400, type: 'SerializationException' });
    });
  }
});

test('each constraint that the table can hold is in the table', () => {
  const constraints: Constraint[] = operations.flatMap(([, members]) => Object.values(members));
  const kinds = new Set(constraints.flatMap((constraint) => Object.keys(constraint)));

  expect([...kinds].sort()).toEqual(['each', 'length', 'members', 'pattern', 'range', 'values']);
});
