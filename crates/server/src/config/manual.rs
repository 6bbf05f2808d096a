//! The parts of `--help` that belong to no single flag.

/// What stands above the flags.
pub(super) const ABOUT: &str = "\
Signalling server for pairvoice: lets the two people of a session find each other, and keeps their chat.

It hands signals from one browser to the other (Socket.IO), keeps the chat in a SQLite file and, if asked to, serves the \
pages of an app. Sound goes from browser to browser, or encrypted through its relay where there is no direct path. Browsers give microphones to secure pages only: \
beyond one machine it needs --tls-cert and --tls-key, or a proxy with TLS in front.

Each flag may stand on the command line, in the environment under the name in brackets, or in the file of --config under its \
own name. The command line comes before the environment, the environment before the file, the file before the default. Once it \
accepts connections it prints one line with its address; its log goes to standard error.";

/// What stands below them.
pub(super) const AFTER: &str = "\
Examples:

  Development on this machine; /dev/token hands out tokens to whoever asks:
    pairvoice-server --dev --static www/dist

  A secret, and a token for one user and one session:
    (umask 077; openssl rand -hex 32 > secret)
    pairvoice-server token --jwt-secret-file secret --session s-42 --user 7 --peer 9 --hours 12

  Behind a proxy that ends TLS, passes WebSocket upgrades on and keeps the Host header:
    pairvoice-server --listen 127.0.0.1:8787 --jwt-secret-file secret --allow-origin https://app.example.com

  With TLS of its own; the files are read again when they change:
    pairvoice-server --listen 0.0.0.0:443 --jwt-secret-file secret --tls-cert fullchain.pem --tls-key privkey.pem

  By a file, which --print-config checks without serving:
    pairvoice-server --config pairvoice.toml --print-config

    listen = \"0.0.0.0:443\"
    database = \"/var/lib/pairvoice/chat.db\"
    jwt-secret-file = \"/etc/pairvoice/secret\"
    allow-origin = [\"https://app.example.com\"]
    chat-days = 90

  As a service of systemd:
    [Service]
    ExecStart=/usr/bin/pairvoice-server --config /etc/pairvoice/pairvoice.toml
    ExecReload=/bin/kill -HUP $MAINPID
    DynamicUser=yes
    StateDirectory=pairvoice
    AmbientCapabilities=CAP_NET_BIND_SERVICE
    Restart=on-failure
    RestartPreventExitStatus=2

Environment:
  RUST_LOG   what is logged: error, warn, info, debug; info without it.

Signals:
  TERM, INT  tell the clients that the server restarts, write what is under way, end.
  HUP        read the certificate, its key and the files with keys of tokens again; connections stay.

Exit codes:
  0  told to stop, or printed what it was asked for
  1  failed while starting or running: an address in use, a chat log that can't be opened
  2  refused its settings; the sentence says which one and why";
