import selfsigned from "selfsigned";

/** A key and its own certificate, for TLS on loopback. */
export function certificate() {
  const { private: key, cert } = selfsigned.generate([{ name: "commonName", value: "127.0.0.1" }], { keySize: 2048 });
  return { key, cert };
}
