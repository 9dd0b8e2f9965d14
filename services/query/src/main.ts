import { setFlagsFromString } from 'node:v8';
import { runService } from '@everflame/service-kit';
import { readConfig } from './config.ts';
import { createQuery } from './create-query.ts';

// Answers are short-lived and the rest of the heap is small, for which V8 would collect every few requests, at about half
// of their CPU time. Four times what lives is the most that it allows a heap on its own.
setFlagsFromString('--heap-growing-percent=300');

await runService('everflame-query', (logger) => createQuery(readConfig(process.env), logger));
