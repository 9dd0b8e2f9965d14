export { DataFolderLockedError } from './data-folder-lock.ts';
export {
  startEmbeddedClickHouse,
  type EmbeddedClickHouse,
  type EmbeddedClickHouseLogger,
  type EmbeddedClickHouseOptions,
} from './server.ts';
