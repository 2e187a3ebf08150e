// Catches what breaks while a page is drawn (a bug, or a part of the console that could not be
// loaded after an upgrade), so that the rest stays usable.
import { Box } from '@mantine/core';
import { Component, type ReactNode } from 'react';

import { Failed } from './parts';

export class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  override state = { error: null as unknown };

  static getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    if (this.state.error === null) return this.props.children;
    return (
      <Box p="lg" maw={640}>
        <Failed error={this.state.error} retry={() => location.reload()} />
      </Box>
    );
  }
}
