// Asks the person to confirm who they are, when the server wants that before a sensitive change.
// The dialog (identity/Confirm.tsx) says how to ask while it is mounted.

type Ask = () => Promise<boolean>;

let ask: Ask | null = null;

export function onProofNeeded(next: Ask): () => void {
  ask = next;
  return () => {
    if (ask === next) ask = null;
  };
}

// Whether the person proved who they are.
export function askForProof(): Promise<boolean> {
  return ask === null ? Promise.resolve(false) : ask();
}
