import { GetConfig } from '../../contract/config.ts';
import { bindRead } from '../operation.ts';

export const getConfig = bindRead(GetConfig, async ({ services }) => {
  const { generation, warnings } = services.snapshot();
  return { generation, warnings: [...warnings], ...services.describeConfig() };
});
