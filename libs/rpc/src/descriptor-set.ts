import { fileURLToPath } from 'node:url';

/** Path of the compiled protos (a FileDescriptorSet), which reflection answers from. */
export function descriptorSetPath(): string {
  return fileURLToPath(new URL('../descriptor.binpb', import.meta.url));
}
