// SPDX-License-Identifier: Apache-2.0

declare module "virtual:products" {
  import type { ProductRow } from "../products_table";
  const rows: ProductRow[];
  export default rows;
}
