// A QR code as one SVG path, dark on white in both colour schemes so that every phone reads it.
import { encode } from 'uqr';

const QUIET = 4; // modules of white around the code, as ISO/IEC 18004 asks

export function Qr({ value, label, size = 200 }: { value: string; label: string; size?: number }) {
  const { data, size: modules } = encode(value, { ecc: 'M', border: 0 });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x + QUIET} ${y + QUIET}h1v1h-1z` : ''))).join('');
  const whole = modules + 2 * QUIET;
  return (
    <svg role="img" aria-label={label} width={size} height={size} viewBox={`0 0 ${whole} ${whole}`} shapeRendering="crispEdges" style={{ borderRadius: 8, flexShrink: 0 }}>
      <rect width={whole} height={whole} fill="#fff" />
      <path d={path} fill="#000" />
    </svg>
  );
}
