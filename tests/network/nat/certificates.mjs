// A certificate authority of the test's own, and browsers that trust it.
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

function must(command, args) {
  const { status, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${stderr ?? error}`);
}

/** Makes a certificate for these names in a folder: `{ authority, cert, key }`, paths of PEM files. */
export function makeCertificates(folder, names) {
  const path = (name) => join(folder, name);
  const files = { authority: path("authority.pem"), cert: path("cert.pem"), key: path("key.pem") };
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
  must("openssl", ["req", "-x509", ...curve, "-subj", "/CN=pairvoice test authority", "-keyout", path("authority-key.pem"), "-out", files.authority,
    ...["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign"]]);
  must("openssl", ["req", "-new", ...curve.slice(0, -2), "-subj", `/CN=${names[0]}`, "-keyout", files.key, "-out", path("request.pem")]);
  writeFileSync(path("extensions"), `subjectAltName=${names.map((name) => `DNS:${name}`)}\nextendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n`);
  must("openssl", ["x509", "-req", "-in", path("request.pem"), "-CA", files.authority, "-CAkey", path("authority-key.pem"), "-CAcreateserial", "-days", "2",
    ...["-extfile", path("extensions"), "-out", files.cert]]);
  must("chmod", ["600", files.key]);
  return files;
}

/** Makes a database of certificates that trusts the authority: a folder for Chromium, or Firefox's profile. */
export function trust(database, authority) {
  mkdirSync(database, { recursive: true });
  must("certutil", ["-N", "-d", `sql:${database}`, "--empty-password"]);
  must("certutil", ["-A", "-d", `sql:${database}`, "-t", "C,,", "-n", "pairvoice test authority", "-i", authority]);
}

/** A home folder in which Chromium trusts the authority, for TURN over TLS as well as for pages. */
export function homeFor(folder, authority) {
  const home = join(folder, "home");
  for (const place of [".pki/nssdb", ".local/share/pki/nssdb"]) trust(join(home, place), authority);
  return home;
}
