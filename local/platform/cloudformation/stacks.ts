import type { ChangeSet } from './change-set';
import type { Deployment } from './deployment';
import { Stack } from './stack';
import { ServiceError } from '../../services/errors';

export const validationFailure = (message: string) => new ServiceError(400, 'ValidationError', message);

/** The stacks of one Region. */
export class Stacks {
  readonly changeSets = new Map<string, ChangeSet>();
  /** The last operation of each stack: a failed one can be rolled back later. */
  readonly deployments = new Map<Stack, Deployment>();
  private readonly stacks: Stack[] = [];

  constructor(readonly region: string, readonly account: string) {}

  get all(): readonly Stack[] {
    return this.stacks;
  }

  add(name: string): Stack {
    const stack = new Stack(name, this.region, this.account);
    this.stacks.push(stack);
    return stack;
  }

  /** Forgets a stack that was never deployed. */
  drop(stack: Stack): void {
    this.stacks.splice(this.stacks.indexOf(stack), 1);
  }

  /** A deleted stack is found by its id only. */
  find(nameOrId: string): Stack | undefined {
    return this.stacks.find((stack) => stack.id === nameOrId) ?? this.stacks.find((stack) => stack.name === nameOrId && stack.status !== 'DELETE_COMPLETE');
  }

  /** Any stack that has been deployed. */
  get(nameOrId: string | undefined): Stack {
    const stack = this.find(nameOrId ?? '');
    if (!stack) throw validationFailure(`Stack with id ${nameOrId ?? ''} does not exist`);
    return stack;
  }

  exported(name: string): string | undefined {
    return this.exports().find((candidate) => candidate.name === name)?.value;
  }

  exports(): { name: string; value: string; stack: Stack }[] {
    return this.stacks.filter((stack) => stack.status !== 'DELETE_COMPLETE').flatMap((stack) => stack.outputs.flatMap((output) =>
      output.ExportName === undefined ? [] : [{ name: output.ExportName, value: output.OutputValue, stack }]));
  }

  /** An export that somebody reads cannot go. */
  checkExports(stack: Stack): void {
    for (const { name } of this.exports().filter((candidate) => candidate.stack === stack)) {
      const user = this.stacks.find((other) => other !== stack && other.status !== 'DELETE_COMPLETE' && other.template?.imports.has(name));
      if (user) throw validationFailure(`Export ${name} cannot be deleted as it is in use by ${user.name}`);
    }
  }

  getChangeSet(nameOrId: string | undefined, stackName: string | undefined): ChangeSet {
    const found = [...this.changeSets.values()].find((changeSet) => changeSet.id === nameOrId
      || (changeSet.name === nameOrId && [changeSet.stack.name, changeSet.stack.id].includes(stackName ?? '')));
    if (!found) throw new ServiceError(404, 'ChangeSetNotFound', `ChangeSet [${nameOrId ?? ''}] does not exist`);
    return found;
  }
}
