import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { CLIENT_CONFIG, patient, withPatience } from './client';

const functions = patient(new LambdaClient(CLIENT_CONFIG));

/** Seconds. Lambda delivers again what fails here. */
const PATIENCE = { transient: 60, denied: 120 };

const PROVISIONAL = /^create-([0-9a-f-]{36})$/;

/**
 * Where CloudFormation's requests arrive, on their way to the framework.
 *
 * A Create is given a physical id here. Without one, the framework would keep the Delete after a failed Create to itself; but what fails can be
 * a function that was lost after it had made something, and nobody else would ever take that away.
 */
export async function entry(event: CloudFormationCustomResourceEvent): Promise<void> {
  const request = event.RequestType === 'Create' ? { ...event, PhysicalResourceId: `create-${event.RequestId}` } : event;
  await withPatience(PATIENCE, () => functions.send(new InvokeCommand({
    FunctionName: process.env.FRAMEWORK_FUNCTION,
    InvocationType: 'Event',
    Payload: JSON.stringify(request),
  })));
}

/** The request of the Create that failed under this physical id; undefined for any other id. */
export const failedCreate = (physicalId: string): string | undefined => PROVISIONAL.exec(physicalId)?.[1];
