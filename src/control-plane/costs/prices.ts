import { ListPrices, PriceOperations } from '../../contract/costs.ts';
import { bindObjects } from '../objects/bind-objects.ts';
import { pageOf } from '../objects/page.ts';
import { showObject } from '../objects/show-object.ts';
import { bindRead } from '../operation.ts';

const kind = 'prices';

export const listPrices = bindRead(ListPrices, async ({ query, viewer, services }) => {
  const page = pageOf(
    services.objects().filter((object) => object.kind === kind),
    query,
    viewer,
  );
  return { items: page.objects.map(showObject), nextCursor: page.nextCursor };
});

export const priceOperations = bindObjects(kind, PriceOperations, showObject);
