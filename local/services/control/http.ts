import { ControlError, type Control } from './control';
import { assertFault, assertInitiator, assertPositive, assertWish, assertChange } from './input';
import type { WireRequest, WireResponse } from '../wire/protocol';

const PREFIX = '/_local/';

export const isControl = ({ path }: WireRequest) => path.startsWith(PREFIX);

/** The control interface over HTTP: JSON, unsigned, on the services' own port. */
export async function answerControl(control: Control, request: WireRequest): Promise<WireResponse> {
  try {
    const { status = 200, result } = await route(control, request);
    return json(status, result);
  } catch (error) {
    if (error instanceof ControlError) {
      return json(error.status, { message: error.message });
    }
    throw error;
  }
}

async function route(control: Control, request: WireRequest): Promise<{ status?: number; result: unknown }> {
  const { method, query } = request;
  const [noun, ...rest] = request.path.slice(PREFIX.length).split('/').map(decoded);
  switch (`${method} ${noun}`) {
    case 'POST appliances': {
      if (rest.length === 0) {
        return { status: 201, result: await control.createAppliance(assertWish(body(request))) };
      }
      break;
    }
    case 'GET appliances':
      return { result: rest.length === 0 ? control.state().appliances : control.appliance(rest.join('/')) };
    case 'PATCH appliances':
      return { result: control.changeAppliance(rest.join('/'), assertChange(body(request))) };
    case 'POST clock':
      return { result: control.advanceClock(assertPositive(body(request), 'advanceSeconds')) };
    case 'POST volumes':
    case 'DELETE volumes': {
      if (rest.at(-1) === 'initiators') {
        const arn = rest.slice(0, -1).join('/');
        const result = method === 'POST'
          ? control.connectInitiator(arn, assertInitiator(body(request)))
          : control.disconnectInitiators(arn, query.get('initiator') ?? undefined);
        return { status: method === 'POST' ? 201 : 200, result };
      }
      break;
    }
    case 'POST faults':
      return { status: 201, result: control.injectFault(assertFault(body(request))) };
    case 'GET faults':
      return { result: control.listFaults() };
    case 'DELETE faults':
      control.clearFaults();
      return { result: {} };
    case 'GET state':
      return { result: control.state() };
  }
  throw new ControlError(404, `there is no ${method} ${request.path}`);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new ControlError(400, `${JSON.stringify(segment)} is not a part of a path`);
  }
}

function body({ body: bytes }: WireRequest): Record<string, unknown> {
  try {
    const value: unknown = bytes.length === 0 ? {} : JSON.parse(bytes.toString('utf8'));
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      return value as Record<string, unknown>;
    }
  } catch {
    // Falls through to the one refusal of everything that is no JSON object.
  }
  throw new ControlError(400, 'the body is to be a JSON object');
}

const json = (status: number, value: unknown): WireResponse => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(value),
});
