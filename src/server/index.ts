// Serving a store to other processes: `import { serve } from 'sutra-storage/server'`.
//
//     const server = await serve(await openStore('./memory'), { port: 8000 })
//     await server.close() // answers what has begun, then closes the store

export { createHttpServer, type HttpServerOptions } from './http/http-server.js'
export { serve, type HttpServer, type ServeOptions } from './http/serve.js'
export { closeOnSignals } from './http/signals.js'
