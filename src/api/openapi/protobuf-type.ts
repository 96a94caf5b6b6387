// The media type of the OpenAPI v2 document as protobuf; apart, so that naming it loads no encoder.
export const openApiProtobufType = 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf';
