import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { workerData } from 'node:worker_threads';
import { serveJobs } from '@everflame/service-kit/worker-body';

/*
 * The body of the thread that demangles: an array of names for each array of names. It counts the names it is done with
 * in shared memory, so that its owner sees where it stands when it does not answer.
 */
const progress = new Int32Array(workerData as SharedArrayBuffer);

/** Longer ones are answered as they were: 170 bytes can stand for a name of megabytes. */
const MAX_DEMANGLED_LENGTH = 4096;

/** What is used of it here; its types come with those of browsers, which a service does without. */
declare const WebAssembly: {
  instantiate(
    bytes: Uint8Array,
    imports: object,
  ): Promise<{ readonly instance: { readonly exports: object } }>;
};

interface Bindings {
  __wbg_set_wasm(exports: object): void;
  demangle_any(name: string): string;
}

// The package is made for bundlers, which import WebAssembly as a module; Node 20 does not.
const require = createRequire(import.meta.url);
const script = pathToFileURL(require.resolve('gecko-profiler-demangle/index_bg.js'));
const bindings = (await import(script.href)) as Bindings;
const bytes = await readFile(require.resolve('gecko-profiler-demangle/index_bg.wasm'));
const { instance } = await WebAssembly.instantiate(bytes, { './index_bg.js': bindings });
bindings.__wbg_set_wasm(instance.exports);

serveJobs<readonly string[], readonly string[]>((names, send) => {
  progress[0] = 0;
  send(
    names.map((name) => {
      const demangled = bindings.demangle_any(name);
      Atomics.add(progress, 0, 1);
      return demangled.length > MAX_DEMANGLED_LENGTH ? name : demangled;
    }),
  );
});
