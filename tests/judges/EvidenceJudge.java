import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;

import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.DefaultDigestAlgorithmIdentifierFinder;
import org.bouncycastle.operator.DigestCalculator;
import org.bouncycastle.operator.DigestCalculatorProvider;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.bouncycastle.tsp.TimeStampRequestGenerator;
import org.bouncycastle.tsp.ers.ERSData;
import org.bouncycastle.tsp.ers.ERSDataGroup;
import org.bouncycastle.tsp.ers.ERSEvidenceRecord;
import org.bouncycastle.tsp.ers.ERSFileData;
import org.bouncycastle.util.encoders.Hex;

/**
 * Bouncy Castle's opinion of evidence records. One command a line, words between tabs; one
 * answer a line: "ok", a digest, or "no" and why.
 *
 *   verify RECORD MILLIS CERTIFICATE FILE...   data present, and every timestamp chained
 *   timestamp-renewal RECORD                   the imprint that it would have timestamped
 *   hash-renewal RECORD ALGORITHM FILE...      the same, for a renewal of the hash tree
 */
public final class EvidenceJudge {
    private static final DigestCalculatorProvider DIGESTS = digests();

    public static void main(String[] arguments) throws Exception {
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            System.out.println(answer(line.split("\t")));
        }
    }

    private static String answer(String[] words) {
        try {
            ERSEvidenceRecord record =
                new ERSEvidenceRecord(Files.readAllBytes(Paths.get(words[1])), DIGESTS);
            switch (words[0]) {
                case "verify":
                    return verify(record, words);
                case "timestamp-renewal":
                    return Hex.toHexString(
                        record.generateTimeStampRenewalRequest(generator(), BigInteger.ONE)
                            .getMessageImprintDigest());
                case "hash-renewal":
                    return Hex.toHexString(
                        record.generateHashRenewalRequest(
                            calculator(words[2]), group(words, 3), generator(), BigInteger.ONE)
                            .getMessageImprintDigest());
                default:
                    return "no: unknown command";
            }
        } catch (Exception refused) {
            return "no: " + refused.getMessage();
        }
    }

    private static String verify(ERSEvidenceRecord record, String[] words) throws Exception {
        Date at = new Date(Long.parseLong(words[2]));
        X509CertificateHolder tsa =
            new X509CertificateHolder(Files.readAllBytes(Paths.get(words[3])));
        record.validatePresent(group(words, 4), at);
        record.validate(
            new JcaSimpleSignerInfoVerifierBuilder()
                .setProvider(new BouncyCastleProvider()).build(tsa));
        return "ok";
    }

    private static ERSData group(String[] words, int from) throws Exception {
        List<ERSData> files = new ArrayList<ERSData>();
        for (int i = from; i < words.length; i++) {
            files.add(new ERSFileData(new File(words[i])));
        }
        return files.size() == 1 ? files.get(0) : new ERSDataGroup(files);
    }

    private static TimeStampRequestGenerator generator() {
        TimeStampRequestGenerator requests = new TimeStampRequestGenerator();
        requests.setCertReq(true);
        return requests;
    }

    private static DigestCalculator calculator(String name) throws Exception {
        AlgorithmIdentifier found = new DefaultDigestAlgorithmIdentifierFinder().find(name);
        return DIGESTS.get(found);
    }

    private static DigestCalculatorProvider digests() {
        try {
            return new JcaDigestCalculatorProviderBuilder()
                .setProvider(new BouncyCastleProvider()).build();
        } catch (Exception impossible) {
            throw new IllegalStateException(impossible);
        }
    }
}
