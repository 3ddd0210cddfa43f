import java.io.BufferedReader;
import java.io.File;
import java.io.InputStreamReader;
import java.util.stream.Collectors;

import org.apache.pdfbox.preflight.Format;
import org.apache.pdfbox.preflight.PreflightDocument;
import org.apache.pdfbox.preflight.ValidationResult;
import org.apache.pdfbox.preflight.exception.SyntaxValidationException;
import org.apache.pdfbox.preflight.parser.PreflightParser;

/**
 * PDFBox Preflight's opinion of files under ISO 19005-1, level B. One path a line; one answer a
 * line: the faults, each with its code, between tabs; an empty line where there is none.
 */
public final class PdfAJudge {
    public static void main(String[] arguments) throws Exception {
        System.setProperty(
            "org.apache.commons.logging.Log", "org.apache.commons.logging.impl.NoOpLog");
        BufferedReader paths = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String path = paths.readLine(); path != null; path = paths.readLine()) {
            System.out.println(
                result(new File(path)).getErrorsList().stream()
                    .map(fault -> fault.getErrorCode() + " " + fault.getDetails())
                    .map(fault -> fault.replaceAll("\\s+", " "))
                    .collect(Collectors.joining("\t")));
        }
    }

    private static ValidationResult result(File file) throws Exception {
        PreflightParser parser = new PreflightParser(file);
        try {
            parser.parse(Format.PDF_A1B);
            try (PreflightDocument document = parser.getPreflightDocument()) {
                document.validate();
                return document.getResult();
            }
        } catch (SyntaxValidationException refused) {
            return refused.getResult();
        }
    }
}
