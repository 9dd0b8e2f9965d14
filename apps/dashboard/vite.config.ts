import react from '@vitejs/plugin-react';
import { defaultClientConditions, defineConfig } from 'vite';

const target = process.env['EVERFLAME_QUERY_URL'] ?? 'http://127.0.0.1:4040';
// Under its own name, so that the service sees page and request come from one place.
const proxy = { '/api': { target, changeOrigin: false } };

export default defineConfig({
  plugins: [react()],
  resolve: { conditions: ['@everflame/source', ...defaultClientConditions] },
  server: { host: '127.0.0.1', port: 5173, proxy },
  preview: { host: '127.0.0.1', proxy },
  build: { outDir: 'dist', target: 'es2022', cssTarget: ['chrome123', 'firefox120', 'safari17.5'] },
});
