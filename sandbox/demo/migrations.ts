/** One step of the database's schema, forward only. */
export interface Migration {
  /** The schema's version after it; the first one is 1, each the next number. */
  readonly version: number;
  readonly title: string;
  /** Statements, run as one transaction. They must leave alone what the release before them still uses. */
  readonly statements: string;
}

/** All steps that this image knows. What was released once is never changed: a mistake is mended by the next step. */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    title: "orders",
    statements: `CREATE TABLE orders (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      item text NOT NULL
    )`,
  },
  {
    version: 2,
    title: "an order may say how many",
    statements: "ALTER TABLE orders ADD COLUMN quantity integer NOT NULL DEFAULT 1 CHECK (quantity > 0)",
  },
  {
    version: 3,
    title: "customers, whom an order may belong to",
    statements: `CREATE TABLE customers (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      name text NOT NULL
    );
    ALTER TABLE orders ADD COLUMN customer bigint REFERENCES customers (id)`,
  },
  {
    version: 4,
    title: "an order may be cancelled, and none is without an item",
    statements: `ALTER TABLE orders ADD COLUMN cancelled_at timestamptz;
    ALTER TABLE orders ADD CONSTRAINT orders_item_named CHECK (item <> '')`,
  },
];
