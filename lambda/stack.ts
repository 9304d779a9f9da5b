import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateListStackResources,
  type Stack as StackDescription,
} from '@aws-sdk/client-cloudformation';
import { CLIENT_CONFIG, patient } from './client';

const cloudFormation = patient(new CloudFormationClient(CLIENT_CONFIG));

/** What the stack that an event comes from is doing: the one thing about CloudFormation that some decisions need. */
export interface Stack {
  readonly name: string;
  /** An operation failed or was cancelled, and what it did is being undone. */
  isRollingBack(): Promise<boolean>;
  /** The whole stack is going. */
  isBeingDeleted(): Promise<boolean>;
  /** Either of the two: nothing that is being made now is wanted any more. */
  isGivingUp(): Promise<boolean>;
  /** When the operation began that the stack is in, or that it is rolling back or deleting the remains of. */
  operationStart(): Promise<Date>;
  /** Whether a live resource of the stack has this physical id, other than the one whose logical id is given. */
  hasOther(physicalId: string, logicalId?: string): Promise<boolean>;
}

/** Each question asks CloudFormation anew: the answer changes while a handler works. */
export class EventStack implements Stack {
  readonly name: string;

  constructor(private readonly stackId: string) {
    // arn:aws:cloudformation:<region>:<account>:stack/<name>/<uuid>
    this.name = stackId.split('/')[1] ?? stackId;
  }

  async isRollingBack(): Promise<boolean> {
    const { StackStatus } = await this.describe();
    return StackStatus?.includes('ROLLBACK') === true;
  }

  async isBeingDeleted(): Promise<boolean> {
    const { StackStatus } = await this.describe();
    return StackStatus?.startsWith('DELETE') === true;
  }

  async isGivingUp(): Promise<boolean> {
    const { StackStatus = '' } = await this.describe();
    return StackStatus.includes('ROLLBACK') || StackStatus.startsWith('DELETE');
  }

  async operationStart(): Promise<Date> {
    const { LastUpdatedTime, CreationTime } = await this.describe();
    const start = LastUpdatedTime ?? CreationTime;
    if (!start) {
      throw new Error(`CloudFormation does not say when the operation of stack ${this.name} began`);
    }
    return start;
  }

  async hasOther(physicalId: string, logicalId?: string): Promise<boolean> {
    for await (const page of paginateListStackResources({ client: cloudFormation }, { StackName: this.stackId })) {
      for (const resource of page.StackResourceSummaries ?? []) {
        if (resource.PhysicalResourceId === physicalId && resource.LogicalResourceId !== logicalId && isLive(resource.ResourceStatus)) {
          return true;
        }
      }
    }
    return false;
  }

  private async describe(): Promise<StackDescription> {
    // By id: a deleted stack's name can belong to another stack already.
    const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName: this.stackId }));
    const stack = Stacks?.[0];
    if (!stack) {
      throw new Error(`CloudFormation does not know stack ${this.stackId}`);
    }
    return stack;
  }
}

/** DELETE_SKIPPED, too, is no longer the stack's. */
function isLive(status: string | undefined): boolean {
  return status !== 'DELETE_COMPLETE' && status !== 'DELETE_SKIPPED';
}
