export { startEmbeddedClickHouse } from './http/server.ts';
