import { useFormats } from '../texts/formats.ts';
import { useNowMs } from './now.ts';

/** A moment, said from now; the exact one on hover. */
export function When({ iso }: { readonly iso: string | null }) {
  const formats = useFormats();
  const nowMs = useNowMs();
  if (iso === null) return <>–</>;
  return (
    <time dateTime={iso} title={formats.instant(iso)} className="whitespace-nowrap">
      {formats.relative(iso, nowMs)}
    </time>
  );
}
