export const metadata = { title: "An app", icons: { icon: "data:," } };

// As site/csp.md has it.
const policy = `globalThis.trustedTypes?.createPolicy("default", {
  createScriptURL: (url) => (new URL(url, location.href).origin === location.origin ? url : null),
});`;

export default function Layout({ children }) {
  return (
    <html lang="en">
      <head>
        <script dangerouslySetInnerHTML={{ __html: policy }} />
      </head>
      <body>{children}</body>
    </html>
  );
}
