/** The transport of a destination, by its kind. */
import type { Clock } from '../base/clock.ts'
import type { TransportSettings } from '../domain/destination-settings.ts'
import type { Transport } from './destination.ts'
import { openFolderTransport } from './transport-folder.ts'
import { openHttpsTransport } from './transport-https.ts'
import { openMllpTransport } from './transport-mllp.ts'
import { openSftpTransport } from './transport-sftp.ts'

/** Opens nothing on the network yet. Throws on settings or files that cannot be used: a fault of configuration. */
export function openTransport(
  deps: { readonly clock: Clock },
  { settings, connectionsMax }: { readonly settings: TransportSettings; readonly connectionsMax: number },
): Transport {
  switch (settings.kind) {
    case 'https':
      return openHttpsTransport(deps, { settings, connectionsMax })
    case 'mllp':
      return openMllpTransport({ settings, connectionsMax })
    case 'sftp':
      return openSftpTransport({ settings, connectionsMax })
    case 'folder':
      return openFolderTransport({ settings, connectionsMax })
  }
}
