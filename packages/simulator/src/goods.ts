/** What the demo machines sell. Prices in yuan. */
export interface Goods {
  readonly slot: string;
  readonly product: string;
  readonly price: number;
}

export const goodsOnSale: readonly [Goods, ...Goods[]] = [
  { slot: "A1", product: "可爱多 香草", price: 5 },
  { slot: "A2", product: "可爱多 巧克力", price: 5 },
  { slot: "A3", product: "巧乐兹", price: 4 },
  { slot: "B1", product: "梦龙 经典", price: 9.5 },
  { slot: "B2", product: "梦龙 松露", price: 10.5 },
  { slot: "B3", product: "绿色心情", price: 3 },
  { slot: "C1", product: "老冰棍", price: 2 },
  { slot: "C2", product: "东北大板", price: 3.5 },
  { slot: "C3", product: "随变", price: 4.5 },
];
