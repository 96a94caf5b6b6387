// The parts of etcd's v3 messages that the driver reads; 64-bit integers come as decimal strings.

export interface ResponseHeader {
  readonly revision?: string;
}

export interface KeyValue {
  readonly key: Buffer;
  readonly mod_revision: string;
  readonly value?: Buffer;
  readonly lease?: string;
}

export interface RangeResponse {
  readonly header?: ResponseHeader;
  readonly kvs?: readonly KeyValue[];
  readonly more?: boolean;
  readonly count?: string;
}

export interface HeaderOnlyResponse {
  readonly header?: ResponseHeader;
}

export interface TxnResponse {
  readonly header?: ResponseHeader;
  readonly succeeded?: boolean;
  readonly responses?: readonly { readonly response_range?: RangeResponse }[];
}

export interface LeaseGrantResponse {
  readonly ID?: string;
  readonly TTL?: string;
  readonly error?: string;
}

export interface LeaseTimeToLiveResponse {
  readonly TTL?: string;
}

export interface StatusResponse {
  readonly version?: string;
}

export interface WatchResponse {
  readonly header?: ResponseHeader;
  readonly created?: boolean;
  readonly canceled?: boolean;
  readonly compact_revision?: string;
  readonly cancel_reason?: string;
  readonly fragment?: boolean;
  readonly events?: readonly WatchEvent[];
}

export interface WatchEvent {
  /** 1 is DELETE; PUT is 0 and left out. */
  readonly type?: number;
  readonly kv: KeyValue;
  readonly prev_kv?: KeyValue;
}
