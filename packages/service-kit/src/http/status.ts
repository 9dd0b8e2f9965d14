import type { ErrorKind } from '@everflame/profile';

/** The one table from what a caller can do to the status that says so. gRPC codes by number (google.rpc.Code). */
export const STATUS_BY_KIND: Readonly<Record<ErrorKind, { readonly http: number; readonly grpc: number }>> = {
  invalid: { http: 400, grpc: 3 },
  not_found: { http: 404, grpc: 5 },
  too_large: { http: 413, grpc: 3 },
  exhausted: { http: 429, grpc: 8 },
  unavailable: { http: 503, grpc: 14 },
  timeout: { http: 504, grpc: 4 },
  conflict: { http: 409, grpc: 10 },
  unsupported: { http: 415, grpc: 12 },
};
