import { setMaxListeners } from 'node:events';
import { isDeepStrictEqual } from 'node:util';
import { Refusal, ResourceFailure } from './custom-resource';
import type { Resources } from './resources';
import type { Stack, StackResource } from './stack';
import type { Declaration, Properties, Template } from './template';

type Graph = ReadonlyMap<string, { readonly dependencies: readonly string[] }>;

/**
 * One operation on a stack: a creation, an update or a deletion. Independent resources go in parallel; a resource waits for what it
 * depends on, and a deletion for what depends on it. It goes on by itself, whoever asked for it.
 */
export class Deployment {
  /** Settles when the operation has ended, however it did. */
  finished: Promise<void> = Promise.resolve();
  /** Ends the waiting for what is under way: on the first failure, or when somebody cancels the operation. */
  private waiting = manyListeners();
  private readonly failed: string[] = [];
  /** What the stack had when the operation began. */
  private readonly before: ReadonlyMap<string, StackResource>;
  private readonly outputsBefore;
  private readonly templateBefore: Template | undefined;
  /** Physical resources that the stack no longer needs once it has succeeded. */
  private obsolete: StackResource[] = [];
  /** Resources that were sent new properties, whatever came of it. */
  private readonly touched = new Set<string>();
  private readonly orphans: StackResource[] = [];
  private cancelReason?: string;
  private superseded = false;

  constructor(private readonly stack: Stack, private readonly resources: Resources) {
    this.before = new Map([...stack.resources].map(([logicalId, resource]) => [logicalId, { ...resource }]));
    this.outputsBefore = stack.outputs;
    this.templateBefore = stack.template;
  }

  /** Carries out the operation in the background; a defect of ours ends in a failed stack, not in silence. */
  run(operation: () => Promise<void>): void {
    this.finished = operation().catch((error: Error) => {
      process.stderr.write(`${error.stack}\n`);
      this.stack.become(`${this.stack.status.replace(/_IN_PROGRESS$/, '').replace(/_COMPLETE_CLEANUP$/, '')}_FAILED`, error.message);
    });
  }

  cancel(reason: string): void {
    this.cancelReason = reason;
    this.waiting.abort();
  }

  /** Leaves the stack to a deletion. */
  supersede(): void {
    this.superseded = true;
    this.waiting.abort();
  }

  async create(template: Template): Promise<void> {
    this.stack.template = template;
    // A change set has made the stack earlier than its resources.
    if (this.stack.status === 'REVIEW_IN_PROGRESS' && this.stack.events.length > 0) this.stack.lastUpdatedTime = new Date();
    this.stack.become('CREATE_IN_PROGRESS', 'User Initiated');
    const problem = await this.forward(template);
    if (this.superseded) return undefined;
    if (problem === undefined) return this.stack.become('CREATE_COMPLETE');
    if (this.stack.disableRollback) return this.stack.become('CREATE_FAILED', problem);
    return this.rollBackCreation(`${problem} Rollback requested by user.`);
  }

  async update(template: Template): Promise<void> {
    this.stack.template = template;
    this.stack.lastUpdatedTime = new Date();
    this.stack.become('UPDATE_IN_PROGRESS', 'User Initiated');
    const problem = await this.forward(template);
    if (problem === undefined) return this.cleanUp(template);
    if (this.stack.disableRollback) return this.stack.become('UPDATE_FAILED', problem);
    return this.rollBackUpdate(problem);
  }

  /** A creation that is still under way comes to its end first. */
  async delete(retained: readonly string[], creation?: Deployment): Promise<void> {
    this.stack.become('DELETE_IN_PROGRESS', 'User Initiated');
    creation?.supersede();
    await creation?.finished;
    const resources = [...this.stack.resources.values()]
      .map((resource) => retained.includes(resource.logicalId) ? Object.assign(resource, { deletionPolicy: 'Retain' as const }) : resource);
    const kept = await this.removeAll(resources, (resource) => resource.deletionPolicy !== 'Delete');
    if (kept.length > 0) return this.stack.become('DELETE_FAILED', `The following resource(s) failed to delete: [${kept.join(', ')}]. `);
    this.stack.deletionTime = new Date();
    this.stack.outputs = [];
    return this.stack.become('DELETE_COMPLETE');
  }

  async rollBackCreation(reason: string): Promise<void> {
    this.stack.become('ROLLBACK_IN_PROGRESS', reason);
    const kept = await this.removeAll([...this.stack.resources.values()], (resource) => resource.deletionPolicy === 'Retain');
    if (kept.length > 0) return this.stack.become('ROLLBACK_FAILED', `The following resource(s) failed to delete: [${kept.join(', ')}]. `);
    return this.stack.become('ROLLBACK_COMPLETE');
  }

  async rollBackUpdate(reason: string): Promise<void> {
    this.stack.become('UPDATE_ROLLBACK_IN_PROGRESS', reason);
    this.stack.template = this.templateBefore;
    this.waiting = manyListeners();
    const failed: string[] = [];
    await inOrder(this.before, async (logicalId) => {
      const [was, now] = [this.before.get(logicalId), this.stack.resources.get(logicalId)];
      if (!was || !now) return true;
      // A replacement is taken back by keeping the old one, which nobody has touched.
      if (now.physicalId !== was.physicalId) {
        this.orphans.push(now);
        this.stack.resources.set(logicalId, was);
        return true;
      }
      if (!this.touched.has(logicalId)) {
        this.stack.resources.set(logicalId, { ...was, attributes: now.attributes });
        return true;
      }
      const replaced = await this.change(now, was);
      if (replaced) this.orphans.push(replaced);
      if (this.stack.resources.get(logicalId)?.status === 'UPDATE_FAILED') failed.push(logicalId);
      else this.touched.delete(logicalId);
      return true;
    });
    if (failed.length > 0) {
      return this.stack.become('UPDATE_ROLLBACK_FAILED', `The following resource(s) failed to update: [${failed.join(', ')}]. `);
    }

    this.stack.outputs = this.outputsBefore;
    this.stack.become('UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS');
    const made = [...this.stack.resources.values()].filter((resource) => !this.before.has(resource.logicalId));
    for (const resource of made) this.stack.resources.delete(resource.logicalId);
    await this.removeAll([...this.orphans, ...made], (resource) => resource.deletionPolicy === 'Retain');
    return this.stack.become('UPDATE_ROLLBACK_COMPLETE');
  }

  /** Makes and changes what the template wants; says why it did not succeed. */
  private async forward(template: Template): Promise<string | undefined> {
    await inOrder(template.declarations, async (logicalId) => {
      if (this.waiting.signal.aborted) return false;
      const done = await this.provision(template.declarations.get(logicalId) as Declaration);
      if (!done) this.waiting.abort();
      return done;
    });
    if (this.failed.length > 0) {
      const verb = this.failed.some((logicalId) => this.stack.resources.get(logicalId)?.status === 'UPDATE_FAILED') ? 'update' : 'create';
      return `The following resource(s) failed to ${verb}: [${this.failed.join(', ')}].`;
    }
    if (this.cancelReason !== undefined) return this.cancelReason;
    try {
      this.stack.outputs = this.stack.resolveOutputs();
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  }

  private async provision(declaration: Declaration): Promise<boolean> {
    const { stack } = this;
    const { logicalId, type, dependencies, deletionPolicy, updateReplacePolicy } = declaration;
    const existing = stack.resources.get(logicalId);
    const wanted = { logicalId, type, dependencies, deletionPolicy, updateReplacePolicy };
    let properties: Properties;
    try {
      properties = stack.resolve(declaration.properties) as Properties;
    } catch (error) {
      const resource = existing ?? { ...wanted, properties: {}, attributes: {}, noEcho: false, status: '', timestamp: new Date() };
      stack.resources.set(logicalId, resource);
      return this.failResource(resource, existing ? 'UPDATE_FAILED' : 'CREATE_FAILED', (error as Error).message);
    }

    if (existing && existing.status !== 'CREATE_FAILED') {
      if (isDeepStrictEqual(existing.properties, properties) && existing.status !== 'UPDATE_FAILED') {
        Object.assign(existing, wanted);
        return true;
      }
      const replaced = await this.change(existing, { ...existing, ...wanted, properties });
      if (replaced) this.obsolete.push(replaced);
      return stack.resources.get(logicalId)?.status !== 'UPDATE_FAILED';
    }

    if (existing?.physicalId !== undefined) this.obsolete.push(existing);
    const resource: StackResource = { ...wanted, properties, attributes: {}, noEcho: false, status: '', timestamp: new Date() };
    stack.resources.set(logicalId, resource);
    stack.resourceBecomes(resource, 'CREATE_IN_PROGRESS');
    try {
      Object.assign(resource, await this.resources.create(stack, resource, this.waiting.signal));
    } catch (error) {
      resource.physicalId = physicalIdOf(error);
      return this.failResource(resource, 'CREATE_FAILED', (error as Error).message);
    }
    stack.resourceBecomes(resource, 'CREATE_COMPLETE');
    return true;
  }

  /** Brings a resource to other properties. Answers the old physical resource where a new one has taken its place. */
  private async change(existing: StackResource, wanted: StackResource): Promise<StackResource | undefined> {
    const { stack } = this;
    const resource: StackResource = { ...wanted, physicalId: existing.physicalId };
    this.touched.add(resource.logicalId);
    stack.resources.set(resource.logicalId, resource);
    stack.resourceBecomes(resource, 'UPDATE_IN_PROGRESS');
    try {
      Object.assign(resource, await this.resources.update(stack, resource, existing.properties, this.waiting.signal));
    } catch (error) {
      if (error instanceof Refusal) {
        this.touched.delete(resource.logicalId);
        resource.properties = existing.properties;
      }
      const reported = physicalIdOf(error);
      if (reported !== undefined && reported !== existing.physicalId) resource.physicalId = reported;
      this.failResource(resource, 'UPDATE_FAILED', (error as Error).message);
      return undefined;
    }
    stack.resourceBecomes(resource, 'UPDATE_COMPLETE');
    return resource.physicalId === existing.physicalId ? undefined : { ...existing, deletionPolicy: resource.updateReplacePolicy };
  }

  private failResource(resource: StackResource, status: 'CREATE_FAILED' | 'UPDATE_FAILED', reason: string): false {
    const cancelled = this.waiting.signal.aborted;
    if (!cancelled) this.failed.push(resource.logicalId);
    this.stack.resourceBecomes(resource, status, cancelled ? `Resource ${status === 'CREATE_FAILED' ? 'creation' : 'update'} cancelled` : reason);
    return false;
  }

  private async cleanUp(template: Template): Promise<void> {
    this.stack.become('UPDATE_COMPLETE_CLEANUP_IN_PROGRESS');
    const gone = [...this.stack.resources.values()].filter((resource) => !template.declarations.has(resource.logicalId));
    for (const resource of gone) this.stack.resources.delete(resource.logicalId);
    await this.removeAll([...this.obsolete, ...gone], (resource) => resource.deletionPolicy !== 'Delete');
    return this.stack.become('UPDATE_COMPLETE');
  }

  /** Deletes resources, dependants first. What a failed one depends on stays. Answers what could not be deleted. */
  private async removeAll(resources: readonly StackResource[], retain: (resource: StackResource) => boolean): Promise<string[]> {
    const failed: string[] = [];
    const dependants: Graph = new Map(resources.map(({ logicalId }) => [logicalId, {
      dependencies: resources.filter((other) => other.dependencies.includes(logicalId)).map((other) => other.logicalId),
    }]));
    await inOrder(dependants, async (logicalId) => {
      const named = resources.filter((resource) => resource.logicalId === logicalId);
      const removed = await Promise.all(named.map(async (resource) => this.remove(resource, retain(resource))));
      if (removed.includes(false)) failed.push(logicalId);
      return !removed.includes(false);
    });
    return failed;
  }

  private async remove(resource: StackResource, retain: boolean): Promise<boolean> {
    const { stack } = this;
    const forget = (status: string): true => {
      stack.resourceBecomes(resource, status);
      if (stack.resources.get(resource.logicalId) === resource) stack.resources.delete(resource.logicalId);
      return true;
    };
    if (retain) return forget('DELETE_SKIPPED');
    stack.resourceBecomes(resource, 'DELETE_IN_PROGRESS');
    try {
      if (resource.physicalId !== undefined) await this.resources.delete(stack, resource);
    } catch (error) {
      stack.resourceBecomes(resource, 'DELETE_FAILED', (error as Error).message);
      return false;
    }
    return forget('DELETE_COMPLETE');
  }
}

/** Walks a graph in parallel, each node after those it depends on. A node whose dependency said false is not visited. */
async function inOrder(graph: Graph, visit: (name: string) => Promise<boolean>): Promise<void> {
  const visits = new Map<string, Promise<boolean>>();
  const start = (name: string): Promise<boolean> => {
    const running = visits.get(name);
    if (running) return running;
    const dependencies = graph.get(name)?.dependencies.filter((dependency) => graph.has(dependency)) ?? [];
    const visited = Promise.all(dependencies.map(start)).then(async (done) => done.includes(false) ? false : visit(name));
    visits.set(name, visited);
    return visited;
  };
  await Promise.all([...graph.keys()].map(start));
}

/** Every custom resource under way listens. */
function manyListeners(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

function physicalIdOf(error: unknown): string | undefined {
  return error instanceof ResourceFailure ? error.physicalId : undefined;
}
