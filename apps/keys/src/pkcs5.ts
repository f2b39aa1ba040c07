import { AsnProp, AsnPropTypes, OctetString } from '@peculiar/asn1-schema';
import { EncryptedContentInfo } from '@peculiar/asn1-cms';
import { AlgorithmIdentifier } from '@peculiar/asn1-x509';

/** What is sealed with a password (RFC 5652 section 8). */
export class EncryptedData {
  @AsnProp({ type: AsnPropTypes.Integer })
  version = 0;
  @AsnProp({ type: EncryptedContentInfo })
  encryptedContentInfo = new EncryptedContentInfo();
}

/** Parameters of password-based encryption (RFC 8018 appendix A). */
export class PBEParameter {
  @AsnProp({ type: OctetString })
  salt = new OctetString();
  @AsnProp({ type: AsnPropTypes.Integer })
  iterations = 0;
}

export class PBKDF2Params {
  // The choice of a source that is named elsewhere was never used.
  @AsnProp({ type: OctetString })
  salt = new OctetString();
  @AsnProp({ type: AsnPropTypes.Integer })
  iterationCount = 0;
  @AsnProp({ type: AsnPropTypes.Integer, optional: true })
  keyLength?: number;
  @AsnProp({ type: AlgorithmIdentifier, optional: true })
  prf?: AlgorithmIdentifier;
}

export class PBES2Params {
  @AsnProp({ type: AlgorithmIdentifier })
  keyDerivationFunc = new AlgorithmIdentifier();
  @AsnProp({ type: AlgorithmIdentifier })
  encryptionScheme = new AlgorithmIdentifier();
}
