import { Component, javascript, type awscdk } from 'projen';

/** Folders of TypeScript that jsii does not compile. */
const OUTSIDE_JSII = ['lambda', 'seed', 'cli', 'local', 'demo', 'examples', 'benchmark', 'test'];

/**
 * `npm test` is everything that CI asks: compile, types, lint, documents, tests. The tests come last, so that their count is the last line.
 */
export class Checks extends Component {
  constructor(project: awscdk.AwsCdkConstructLibrary) {
    super(project);

    // Node 20 is the oldest that is supported here on purpose.
    project.tasks.addEnvironment('JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION', '20');
    project.tasks.addEnvironment('AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED', 'true');

    new javascript.TypescriptConfig(project, {
      fileName: 'tsconfig.node.json',
      extends: javascript.TypescriptConfigExtends.fromTypescriptConfigs([project.tsconfig!]),
      include: OUTSIDE_JSII.map((folder) => `${folder}/**/*.ts`),
      exclude: ['node_modules'],
      compilerOptions: { noEmit: true, rootDir: '.', stripInternal: true, types: ['node', 'jest', 'aws-lambda'] },
    });

    // eslint would look for a tsconfig.json in each of the folders.
    const eslintrc = project.tryFindObjectFile('.eslintrc.json')!;
    eslintrc.addOverride('parserOptions.projectService', undefined);
    eslintrc.addOverride('parserOptions.project', ['./tsconfig.json', './tsconfig.node.json', './projenrc/tsconfig.json']);
    for (const folder of OUTSIDE_JSII) {
      project.eslint!.allowDevDeps(`${folder}/**`);
    }

    // esbuild and ts-jest only strip types, so nothing else would read them.
    const typecheck = project.addTask('typecheck', {
      description: 'Check the types of everything that jsii does not compile',
      exec: 'tsc -p tsconfig.node.json',
    });
    const rosetta = project.addTask('rosetta', {
      description: 'Compile the examples in README.md and in the doc comments',
      exec: 'jsii-rosetta extract --strict',
    });
    const awslint = project.addTask('awslint', {
      description: "Hold the public API against AWS's own rules for constructs",
      exec: 'awslint',
      env: { AWSLINT_BASE_CONSTRUCT: 'true' },
    });
    for (const task of [typecheck, rosetta, awslint]) {
      project.postCompileTask.spawn(task);
    }

    // jest would leave a core to whoever watches.
    const jest = project.addTask('jest', { description: 'Run the tests', receiveArgs: true, exec: 'jest --maxWorkers=100%' });
    project.testTask.reset();
    project.testTask.spawn(project.eslint!.eslintTask);
    project.testTask.spawn(jest);

    const check = project.addTask('check', { description: 'Everything that CI asks' });
    check.spawn(project.defaultTask!);
    check.spawn(project.preCompileTask);
    check.spawn(project.compileTask);
    check.spawn(project.postCompileTask);
    check.spawn(project.testTask);

    project.package.setScript('test', 'projen check');
    project.package.setScript('demo', 'node bin/demo');
    project.package.setScript('benchmark', 'node bin/benchmark');
    // exec: a SIGTERM to npm must reach node itself.
    project.package.setScript('local', 'exec node bin/cdk-storage-gateway local');
    project.package.addBin({ 'cdk-storage-gateway': 'bin/cdk-storage-gateway' });

    project.addGitIgnore('.jsii.tabl.json');
    project.addGitIgnore('/.demo/');
    project.addGitIgnore('cdk.out/');
    project.addGitIgnore('cdk.context.json');
    for (const folder of [...OUTSIDE_JSII, 'rosetta', '.cache', '.ci', '.demo', 'bin/benchmark', 'bin/demo', 'bin/everything.js', '.jsii.tabl.json', '.npmrc']) {
      project.addPackageIgnore(`/${folder}`);
    }
  }
}
