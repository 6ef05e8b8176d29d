/** US dollars as people say them, with as many digits as a small sum needs: `$0`, `$0.0042`, `$0.31`, `$12.50`. */
export function money(dollars: number): string {
  if (dollars === 0) return "$0";
  if (dollars < 0.000_1) return "under $0.0001";
  return `$${dollars.toFixed(dollars < 0.1 ? 4 : 2)}`;
}
