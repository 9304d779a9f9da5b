import { Bench } from './bench';
import { authorization, callQuery, callStorageGateway } from './plain-http';

let bench: Bench;
let endpoint: string;

beforeAll(async () => {
  bench = await Bench.start();
  endpoint = bench.services.endpoint;
});
afterAll(() => bench.stop());

describe('JSON', () => {
  test('both prefixes of the target are accepted', async () => {
    for (const prefix of ['StorageGateway_20130630', 'StorageGateway_20120630']) {
      const { status, body } = await callStorageGateway(endpoint, 'ListGateways', {}, { 'x-amz-target': `${prefix}.ListGateways` });

      expect({ status, body }).toEqual({ status: 200, body: { Gateways: [] } });
    }
  });

  test('an unknown operation is 400 UnknownOperationException', async () => {
    for (const target of ['StorageGateway_20130630.Teleport', 'DynamoDB_20120810.ListTables', 'nonsense']) {
      const { status, body } = await callStorageGateway(endpoint, '', {}, { 'x-amz-target': target });

      expect({ status, type: body.__type }).toEqual({ status: 400, type: 'UnknownOperationException' });
    }
  });

  test('an operation that is not here is refused, and not an empty success', async () => {
    const { status, body } = await callStorageGateway(endpoint, 'ListTapes', {});

    expect(status).toBe(400);
    expect(body).toMatchObject({
      __type: 'InvalidGatewayRequestException',
      message: 'The specified operation is not supported.',
      error: { errorCode: 'NotSupported' },
    });
  });

  test('malformed JSON is 400 SerializationException', async () => {
    for (const text of ['{', '[]', '"text"', 'null', '{"GatewayARN":}']) {
      const { status, body } = await callStorageGateway(endpoint, 'DescribeGatewayInformation', text);

      expect({ text, status, type: body.__type }).toEqual({ text, status: 400, type: 'SerializationException' });
    }
  });

  test('null is absent, and an unknown member is ignored', async () => {
    const { status } = await callStorageGateway(endpoint, 'ListGateways', { Limit: null, Fresh: true });

    expect(status).toBe(200);
  });

  test('an unsigned request is 403 MissingAuthenticationTokenException', async () => {
    const response = await fetch(endpoint, { method: 'POST', headers: { 'x-amz-target': 'StorageGateway_20130630.ListGateways' }, body: '{}' });

    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ __type: 'MissingAuthenticationTokenException' });
  });
});

describe('signatures', () => {
  const list = (headers: Record<string, string>) => callStorageGateway(endpoint, 'ListGateways', {}, headers);

  test('need not match a secret, but are to be recent by the wall clock', async () => {
    const minutes = (offset: number) => authorization('storagegateway', 'eu-west-1', new Date(Date.now() + offset * 60_000));

    expect((await list(minutes(-14))).status).toBe(200);
    expect((await list(minutes(14))).status).toBe(200);
    expect((await list(minutes(-16))).body).toMatchObject({ __type: 'InvalidSignatureException', message: expect.stringContaining('Signature expired') });
    expect((await list(minutes(16))).body).toMatchObject({ __type: 'InvalidSignatureException', message: expect.stringContaining('not yet current') });
  });

  test('do not follow the advanced clock', async () => {
    bench.services.clock.advance(3600);

    expect((await list({})).status).toBe(200);
  });

  test('are to be whole', async () => {
    const incomplete = ['AWS4-HMAC-SHA256 Credential=AKID/20260101/eu-west-1/storagegateway/aws4_request', 'Bearer token', 'AWS4-HMAC-SHA256 Credential=AKID, SignedHeaders=host, Signature=0'];

    for (const header of incomplete) {
      expect((await list({ authorization: header })).body.__type).toBe('IncompleteSignatureException');
    }
  });

  test('are to have a date that is one, in whichever header', async () => {
    const { authorization: signature } = authorization('storagegateway');

    for (const name of ['x-amz-date', 'date']) {
      const headers = { authorization: signature, [name]: 'yesterday' };
      const response = await fetch(endpoint, { method: 'POST', headers, body: '{}' });

      expect({ name, status: response.status, type: response.headers.get('x-amzn-errortype') }).toEqual({ name, status: 400, type: 'IncompleteSignatureException' });
    }
  });

  test('name the service and its Region', async () => {
    await bench.activate();

    expect((await list(authorization('storagegateway', 'us-east-1'))).body.Gateways).toEqual([]);
    expect((await list(authorization('storagegateway', 'eu-west-1'))).body.Gateways).toHaveLength(1);
    expect((await list(authorization('dynamodb'))).body).toMatchObject({ __type: 'InvalidSignatureException', message: expect.stringContaining('"dynamodb"') });
  });

  test('may stand in the query', async () => {
    const { 'x-amz-date': date } = authorization('sts');
    const query = new URLSearchParams({
      'Action': 'GetCallerIdentity',
      'Version': '2011-06-15',
      'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
      'X-Amz-Credential': `AKID/${date.slice(0, 8)}/eu-west-1/sts/aws4_request`,
      'X-Amz-Date': date,
      'X-Amz-Expires': '60',
      'X-Amz-SignedHeaders': 'host',
      'X-Amz-Signature': '00',
    });
    const response = await fetch(`${endpoint}/?${query}`);

    expect(response.status).toBe(200);
    expect(await response.text()).toContain('<Account>000000000000</Account>');
  });
});

describe('Query', () => {
  test('an unknown action is 400 InvalidAction in XML', async () => {
    for (const service of ['ec2', 'sts']) {
      const { status, body } = await callQuery(endpoint, service, { Action: 'Teleport', Version: '2016-11-15' });

      expect(status).toBe(400);
      expect(body).toContain('<Code>InvalidAction</Code>');
    }
  });

  test('IAM is refused at once', async () => {
    const { status, body } = await callQuery(endpoint, 'iam', { Action: 'GetUser', Version: '2010-05-08' });

    expect(status).toBe(403);
    expect(body).toContain('<Code>AccessDenied</Code>');
  });

  test('parameters that the operation does not have are refused', async () => {
    const { status, body } = await callQuery(endpoint, 'ec2', { Action: 'DescribeSnapshots', Version: '2016-11-15', Snapshots: 'x' });

    expect(status).toBe(400);
    expect(body).toContain('<Code>UnknownParameter</Code>');
  });
});

test('REST: an unknown path is 404 UnknownOperationException', async () => {
  const response = await fetch(`${endpoint}/teleport`, { headers: authorization('ebs') });

  expect(response.status).toBe(404);
  expect(response.headers.get('x-amzn-errortype')).toBe('UnknownOperationException');
});

test('REST: an error names its members as the model does', async () => {
  const response = await fetch(`${endpoint}/snapshots/snap-0123456789abcdef0/blocks`, { headers: authorization('ebs') });

  expect(await response.json()).toEqual({ Message: "The snapshot 'snap-0123456789abcdef0' does not exist.", Reason: 'SNAPSHOT_NOT_FOUND' });
});

test('every answer has a request id of its own, errors too', async () => {
  const answers = [
    await callStorageGateway(endpoint, 'ListGateways', {}),
    await callStorageGateway(endpoint, 'Teleport', {}),
    await callQuery(endpoint, 'sts', { Action: 'GetCallerIdentity', Version: '2011-06-15' }),
    await callQuery(endpoint, 'ec2', { Action: 'Teleport', Version: '2016-11-15' }),
  ];
  const ids = answers.map(({ headers }) => headers.get('x-amzn-requestid'));

  expect(new Set(ids).size).toBe(answers.length);
  expect(answers[2].body).toContain(`<RequestId>${ids[2]}</RequestId>`);
});
