import type { Request } from './handler';
import { log } from './log';
import type { ResourceType } from '../src/private/contract';

/**
 * For a change that cannot be made. A rollback must succeed, so there the thing stays as it is, and the log says so.
 *
 * @param way what the user can do instead
 */
export async function refuse(request: Request<ResourceType>, what: string, way: string): Promise<void> {
  if (await request.stack.isRollingBack()) {
    log({ resource: request.logicalId, keptWhileRollingBack: what });
    return;
  }
  throw new Error(`${what}: ${way}`);
}
