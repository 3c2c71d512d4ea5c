export class VirtualTime {
  constructor(wall: number);
  readonly now: number;
  install(): void;
  restore(): void;
  jump(ms: number): void;
  pass(ms: number): Promise<void>;
}
