import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const server = process.env.VOLANO_URL ?? 'http://localhost:8080';
const proxied = { target: server, changeOrigin: false, ws: true };

// The built console is served by Volano itself and goes into the wheel. `npm run dev` serves it
// with reload and sends the API's paths to a running Volano (VOLANO_URL).
export default defineConfig({
  plugins: [react()],
  build: {
    outDir: '../src/volano/console/dist',
    emptyOutDir: true,
    target: 'es2022',
    sourcemap: false,
    chunkSizeWarningLimit: 700,
  },
  server: {
    proxy: { '/volano': proxied, '/v1': proxied, '/api': proxied, '/slack': proxied, '/readyz': proxied },
  },
});
