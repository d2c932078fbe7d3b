import { isIP } from "node:net";
import { connect } from "node:tls";

interface Server {
  readonly host: string;
  readonly port: number;
}

/**
 * When the certificate that a server shows ends, whoever signed it: to trust it is the business of who talks to that server.
 * Nothing is sent. Rejects when there is no answer, or no certificate in it; the signal bounds it.
 */
export function readCertificateEnd({ host, port }: Server, signal: AbortSignal): Promise<Date> {
  return new Promise((resolve, reject) => {
    const name = isIP(host) === 0 ? { servername: host } : {};
    const socket = connect({ host, port, rejectUnauthorized: false, ...name });
    const end = (settle: () => void) => {
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      settle();
    };
    const onAbort = () => end(() => reject(signal.reason));
    socket.once("secureConnect", () => {
      const until = new Date(socket.getPeerCertificate().valid_to);
      const isDate = !Number.isNaN(until.getTime());
      end(() => (isDate ? resolve(until) : reject(new Error(`${host} shows no certificate`))));
    });
    // It may fail once more while it is closed.
    socket.on("error", (error) => end(() => reject(error)));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
}
