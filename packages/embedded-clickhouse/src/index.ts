export { DataFolderLockedError } from './data-folder-lock.ts';
export {
  startEmbeddedClickHouse,
  type EmbeddedClickHouse,
  type EmbeddedClickHouseLogger,
  type EmbeddedClickHouseOptions,
} from './http/server.ts';
