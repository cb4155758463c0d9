// The pages of the site: GROUP = { FILE: [ADDRESS without .html, text in the side bar] }.
export const groups = {
  Start: {
    "README.md": ["index", "What cmr is"],
    "docs/tour.md": ["tour", "A tour of the command"],
  },
  Guides: {
    "docs/guides/order-mailboxes.md": ["guides/order-mailboxes", "Order mailboxes"],
    "docs/guides/re-export-weekly.md": ["guides/re-export-weekly", "Re-export every week"],
    "docs/guides/renew.md": ["guides/renew", "Renew domains and subscriptions"],
    "docs/guides/webhooks-in-nginx.md": ["guides/webhooks-in-nginx", "Receive webhooks in nginx"],
    "docs/guides/many-hosts.md": ["guides/many-hosts", "Run on many hosts"],
    "docs/guides/test-with-the-mock.md": ["guides/test-with-the-mock", "Test with the mock"],
    "docs/guides/watch-it-run.md": ["guides/watch-it-run", "Watch it run"],
    "docs/guides/assistant.md": ["guides/assistant", "Give an assistant the API"],
    "examples/nginx/README.md": ["example", "A page for customers"],
  },
  "Look up": {
    "docs/library.md": ["library", "The library"],
    "docs/command.md": ["command", "The command"],
    "docs/reference.md": ["reference", "Every operation"],
    "site/api.md": ["api", "The HTTP API"],
    "docs/ledger.md": ["ledger", "The ledger"],
    "docs/mock.md": ["mock", "The mock"],
    "docs/operations.md": ["operations", "Running it"],
    "SECURITY.md": ["security", "Security"],
    "CHANGELOG.md": ["changelog", "Changes"],
  },
  "Change it": {
    "CONTRIBUTING.md": ["contributing", "Contributing"],
    "docs/design.md": ["design", "Design"],
    "bench/README.md": ["speed", "Speed"],
    "docs/maintainers/faults.md": ["faults", "Faults"],
  },
};

// Files that are copied into the site unchanged: FILE = NAME.
export const copies = { "docs/maintainers/openapi.json": "openapi.json" };

// FILE = the address of its page, without .html.
export const addresses = Object.fromEntries(
  Object.values(groups).flatMap((files) => Object.entries(files).map(([file, [address]]) => [file, address])),
);
