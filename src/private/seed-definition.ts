import { Duration } from 'aws-cdk-lib';
import type * as lambda from 'aws-cdk-lib/aws-lambda';
import * as stepfunctions from 'aws-cdk-lib/aws-stepfunctions';
import * as tasks from 'aws-cdk-lib/aws-stepfunctions-tasks';
import type { Construct } from 'constructs';

/** A function that was lost has said nothing; its successor goes on where it was. */
const LOST = [
  'Lambda.AWSLambdaException', 'Lambda.ClientExecutionTimeoutException', 'Lambda.SdkClientException', 'Lambda.ServiceException',
  'Lambda.TooManyRequestsException', 'Lambda.Unknown', 'Runtime.ExitError', 'Sandbox.Timedout', 'States.Timeout',
];

/** What a worker says when Lambda's fifteen minutes are nearly over; it has stored how far it is. */
const OUT_OF_TIME = 'OutOfTime';

const { DISCARD, objectAt, numberAt, stringAt } = stepfunctions.JsonPath;

/**
 * The steps of a seed. What fails is cleaned up after, before the execution fails with the reason.
 *
 * A shard takes seven events when it is written and seven when it is read back: with fewer than 1,000 shards that leaves 11,000 of the
 * 25,000 events that an execution may have, for what has to be tried again.
 */
export function seedDefinition(scope: Construct, worker: lambda.IFunction): stepfunctions.IChainable {
  const task = (id: string, payload?: stepfunctions.TaskInput, resultPath?: string) => new tasks.LambdaInvoke(scope, id, {
    lambdaFunction: worker,
    payload,
    payloadResponseOnly: true,
    resultPath,
    retryOnServiceExceptions: false,
  })
    .addRetry({ errors: [OUT_OF_TIME], interval: Duration.seconds(1), maxAttempts: 20, backoffRate: 1 })
    .addRetry({ errors: LOST, interval: Duration.seconds(5), maxAttempts: 6, backoffRate: 2 });
  const named = (step: string) => ({ step, execution: stringAt('$$.Execution.Id'), seed: objectAt('$.seed') });
  const snapshot = objectAt('$.plan.snapshot');
  const plan = objectAt('$.plan');
  const completion = objectAt('$.completion');
  const single = (id: string, step: string, more: object, resultPath?: string) => (
    task(id, stepfunctions.TaskInput.fromObject({ ...named(step), ...more }), resultPath)
  );
  const overShards = (id: string, shardId: string, step: string, more: object = {}) => new stepfunctions.Map(scope, id, {
    itemsPath: '$.plan.shards',
    maxConcurrencyPath: '$.seed.workers',
    itemSelector: {
      ...named(step),
      snapshot,
      requestsPerSecond: numberAt('$.plan.requestsPerSecond'),
      shard: objectAt('$$.Map.Item.Value'),
      ...more,
    },
    resultPath: DISCARD,
  }).itemProcessor(task(shardId));

  const start = single('Plan', 'plan', {}, '$.plan');
  const write = overShards('Write', 'Write shard', 'write');
  const complete = single('Complete', 'complete', { plan }, '$.completion');
  const completed = single('Await completion', 'await', { snapshot }, DISCARD);
  const verify = overShards('Verify', 'Verify shard', 'verify', { completion });
  const finish = single('Finish', 'finish', { plan, completion });

  const failed = new stepfunctions.Fail(scope, 'Failed', { errorPath: '$.failure.Error', causePath: '$.failure.Cause' });
  // Whoever deletes the failed seed cleans up after it, too.
  const cleanUp = single('Clean up', 'clean-up', { reached: objectAt('$') }, DISCARD).addCatch(failed, { resultPath: '$.cleanUpFailure' });
  cleanUp.next(failed);
  for (const state of [start, write, complete, completed, verify, finish]) {
    state.addCatch(cleanUp, { resultPath: '$.failure' });
  }

  return start.next(write).next(complete).next(completed).next(
    new stepfunctions.Choice(scope, 'Is it to be verified')
      .when(stepfunctions.Condition.stringEquals('$.seed.verify', 'none'), finish)
      .otherwise(verify.next(finish)),
  );
}
