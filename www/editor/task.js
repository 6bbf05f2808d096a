/** What a session begins with. */
export const TASK = `// Make the tests pass: slugify turns a title into the last part of an address.
export function slugify(title) {
  return title
    .toLowerCase()
    .replace(/ /g, "-");
}

test("keeps letters of every script", () => {
  expect(slugify("Привет, мир")).toBe("привет-мир");
});

test("knows no double dashes", () => {
  expect(slugify("a  --  b")).toBe("a-b");
});
`;
