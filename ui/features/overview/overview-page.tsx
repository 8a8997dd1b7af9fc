import { Page } from '../../components/page.tsx';
import { useText } from '../../texts/texts.ts';

export function OverviewPage() {
  const say = useText();
  return <Page title={say('nav.overview')}>{null}</Page>;
}
