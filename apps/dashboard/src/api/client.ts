import { ApiClient, ApiError } from '@everflame/client';
import { QueryClient } from '@tanstack/react-query';

/** The API of the service that the page comes from. */
export const api = new ApiClient();

/** Answers stay fresh for 15 s; only failures that a second attempt can cure are tried again, twice. */
export function createQueryClient(retryDelayMs = 800): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        refetchOnWindowFocus: false,
        retry: (failures, error) => failures < 2 && isPassing(error),
        retryDelay: (attempt) => retryDelayMs * 2 ** attempt,
      },
    },
  });
}

function isPassing(error: Error): boolean {
  if (!(error instanceof ApiError)) return false;
  return error.status === 0 || error.status === 429 || error.status === 502 || error.status === 503;
}
