import { Signer, encodeSegment } from '../../../seed/http/signer';

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const NOON = '20150830T123600Z';

const vanilla = (timestamp = NOON) => ({
  method: 'GET', path: '/', payloadHash: EMPTY, headers: [['host', 'example.amazonaws.com'], ['x-amz-date', timestamp]] as const,
});

const signatureOf = (authorization: string) => authorization.split('Signature=')[1];

test('a request is signed as the example of the signature suite is', () => {
  expect(new Signer('us-east-1', 'service').authorization(vanilla(), CREDENTIALS, NOON)).toBe(
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, '
    + 'Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  );
});

test('a signer that signed before signs like a new one, on another day and with another secret', () => {
  const signer = new Signer('us-east-1', 'service');
  const others = [
    { timestamp: '20150831T000000Z', credentials: CREDENTIALS },
    { timestamp: NOON, credentials: { ...CREDENTIALS, secretAccessKey: 'another' } },
    { timestamp: NOON, credentials: CREDENTIALS },
  ];
  for (const { timestamp, credentials } of others) {
    const fresh = new Signer('us-east-1', 'service').authorization(vanilla(timestamp), credentials, timestamp);
    expect(signer.authorization(vanilla(timestamp), credentials, timestamp)).toBe(fresh);
  }
});

test('the path is signed encoded once more', () => {
  const signer = new Signer('us-east-1', 'service');
  const sign = (path: string) => signatureOf(signer.authorization({ ...vanilla(), path }, CREDENTIALS, NOON));
  expect(sign('/a%20b')).not.toBe(sign('/a b'));
});

test('a segment of a path leaves only the unreserved characters alone', () => {
  expect(encodeSegment("snap-0/!'()*~_.é")).toBe('snap-0%2F%21%27%28%29%2A~_.%C3%A9');
});

test('a timestamp has whole seconds, whichever was asked for before', () => {
  const signer = new Signer('us-east-1', 'service');
  const noon = Date.UTC(2015, 7, 30, 12, 36);
  expect([noon, noon + 999, noon + 1_000, noon - 1, noon].map((at) => signer.timestamp(at)))
    .toEqual([NOON, NOON, '20150830T123601Z', '20150830T123559Z', NOON]);
});
