export default {
  files: ['__test__/**/*.spec.ts'],
  extensions: { ts: 'module' },
  nodeArguments: ['--import=@oxc-node/core/register'],
  // Crash and signal tests need real processes, and so does a native addon that owns threads.
  workerThreads: false,
  concurrency: 2,
  timeout: '2m',
}
