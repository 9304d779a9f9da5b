import { randomUUID } from 'node:crypto';
import { signatureOf } from './authorization';
import { ServiceError } from './errors';
import { LostAnswer, type Faults } from './faults';
import { perform, type Environment, type Operation, type Service } from './service';
import { awsJson1_1 } from './wire/aws-json';
import { type Protocol, type WireRequest, type WireResponse } from './wire/protocol';
import { awsQuery } from './wire/query';
import { restJson } from './wire/rest-json';

export interface CallRecord {
  readonly service: string;
  readonly operation: string;
  /** `ok`, the error's code or type, or how the answer was lost. */
  readonly outcome: string;
}

interface Origin {
  readonly region: string;
  readonly accessKeyId: string;
}

/** How many calls are remembered: a seed alone makes tens of thousands. */
const REMEMBERED_CALLS = 100_000;

/** Takes a request to the service that its signature names, and makes an answer of what the service says. */
export class Dispatcher {
  readonly calls: CallRecord[] = [];
  private readonly operations = new Map<Service, Map<string, Operation>>();

  constructor(private readonly services: readonly Service[], private readonly environment: Environment, private readonly faults: Faults) {
    for (const service of services) {
      this.operations.set(service, new Map(service.operations.map((operation) => [operation.schema[2], operation])));
    }
  }

  /** Throws LostAnswer where there is to be none. */
  async answer(request: WireRequest): Promise<WireResponse> {
    const requestId = randomUUID();
    let protocol = likelyProtocol(request);
    try {
      const { service, region, accessKeyId } = this.route(request);
      protocol = service.protocol;
      return await this.call(service, request, requestId, { region, accessKeyId });
    } catch (error) {
      if (error instanceof ServiceError) {
        return identified(protocol.writeError(error, requestId), requestId);
      }
      throw error;
    }
  }

  private route(request: WireRequest) {
    const signature = signatureOf(request);
    const service = this.services.find(({ name }) => name === signature.service);
    if (!service) {
      const names = this.services.map(({ name }) => name).join(', ');
      const message = `Credential should be scoped to one of the services here (${names}), not "${signature.service}".`;
      throw new ServiceError(400, 'InvalidSignatureException', message);
    }
    return { service, region: signature.region, accessKeyId: signature.accessKeyId };
  }

  private async call(service: Service, request: WireRequest, requestId: string, from: Origin): Promise<WireResponse> {
    const operations = this.operations.get(service) ?? new Map<string, Operation>();
    const { operation: name, input } = service.protocol.read(request, [...operations.values()].map(({ schema }) => schema));
    const operation = operations.get(name);
    if (!operation) {
      throw new Error(`${service.name} has no operation ${name}`);
    }
    const { account, clock, state, shortPages } = this.environment;
    const { region } = from;
    const context = { account, region, clock, state: state.region(region), shortPages, requestId, caller: { accessKeyId: from.accessKeyId } };
    try {
      this.faults.check(service.name, name, 'before');
      const output = await perform(service, operation, input(operation.schema), context);
      state.commit();
      this.faults.check(service.name, name, 'after');
      this.remember(service, name, 'ok');
      return identified(service.protocol.write(operation.schema, output, requestId), requestId);
    } catch (error) {
      // What a refused call changed (a volume that is found to be gone, say) counts as well.
      state.commit();
      this.remember(service, name, outcomeOf(error));
      throw error;
    }
  }

  private remember(service: Service, operation: string, outcome: string): void {
    this.calls.push({ service: service.name, operation, outcome });
    if (this.calls.length > REMEMBERED_CALLS) {
      this.calls.splice(0, this.calls.length - REMEMBERED_CALLS);
    }
  }
}

function outcomeOf(error: unknown): string {
  if (error instanceof LostAnswer) {
    return error.how;
  }
  return error instanceof ServiceError ? (error.details.errorCode ?? error.type) : 'InternalFailure';
}

const identified = (response: WireResponse, requestId: string): WireResponse => ({ ...response, headers: { ...response.headers, 'x-amzn-requestid': requestId } });

const json = awsJson1_1([]);
const query = awsQuery('');

/** How to word a refusal of a request that does not say whom it is for. */
function likelyProtocol(request: WireRequest): Protocol {
  if (request.headers['x-amz-target'] !== undefined) {
    return json;
  }
  return request.query.has('Action') || /(^|&)Action=/.test(request.body.subarray(0, 1000).toString()) ? query : restJson;
}
