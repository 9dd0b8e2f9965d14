import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';

const queryService = process.env['EVERFLAME_QUERY_URL'] ?? 'http://127.0.0.1:4040';

export default defineConfig({
  plugins: [react()],
  resolve: { conditions: ['@everflame/source', ...defaultClientConditions] },
  server: { host: '127.0.0.1', port: 5173, proxy: { '/api': queryService } },
  preview: { host: '127.0.0.1', proxy: { '/api': queryService } },
  build: { outDir: 'dist', target: 'es2022', cssTarget: ['chrome123', 'firefox120', 'safari17.5'] },
});
